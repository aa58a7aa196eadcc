// What GraphiQL may keep in the browser: how the page looks, and nothing that was typed or
// answered. Variables hold mailbox passwords, and a browser's storage is written to disk.

const LASTING = /^graphiql:(theme|.*Flex|visiblePlugin)$/;
const passing = new Map();

const lasting = (key, action) => {
  try {
    return LASTING.test(key) ? { value: action(localStorage) } : null;
  } catch {
    return null; // a browser may refuse storage altogether
  }
};

/** Implements the part of `Storage` that GraphiQL uses. */
export const storage = {
  get length() {
    return passing.size;
  },
  clear: () => passing.clear(),
  getItem: (key) => {
    const kept = lasting(key, (store) => store.getItem(key));
    return kept ? kept.value : (passing.get(key) ?? null);
  },
  setItem: (key, value) => {
    if (!lasting(key, (store) => store.setItem(key, value))) passing.set(key, value);
  },
  removeItem: (key) => {
    if (!lasting(key, (store) => store.removeItem(key))) passing.delete(key);
  },
};
