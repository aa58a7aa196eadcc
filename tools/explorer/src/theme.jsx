// The editors follow the system when it turns dark or light while the page is open, as the rest
// of GraphiQL does by itself; a theme that was chosen in the settings stays.

import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect } from "react";

export const FollowSystem = () => {
  const { theme } = useGraphiQL(pick("theme"));
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const turned = () => theme || setTheme(null);
    dark.addEventListener("change", turned);
    return () => dark.removeEventListener("change", turned);
  }, [theme, setTheme]);
  return null;
};
