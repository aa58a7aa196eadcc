// Ids that later examples take from earlier answers: the last test, configuration, fix, file, message.

import { useSyncExternalStore } from "react";

let known = {};
const listeners = new Set();

const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The ids, kept up to date. */
export const useKnown = () => useSyncExternalStore(subscribe, () => known);

/** Notes the ids of an answer. */
export const remember = ({ data } = {}) => {
  if (!data) return;
  const test = (data.testConnection ?? data.applyFix)?.test ?? data.connectionTestProgress?.test;
  const stored = data.submit ?? data.update ?? data.applyFix ?? data.rollback;
  const config =
    stored?.config ??
    stored?.errors?.find(({ existing }) => existing)?.existing ??
    data.config ??
    (known.config ? undefined : data.configs?.nodes[0]);
  const provider = data.provider ?? data.providers?.nodes[0];
  const found = {
    test: test?.id,
    fix: test?.diagnosis?.fix?.id,
    config: config?.id,
    file: (data.uploadFile?.file ?? stored?.config?.files?.[0])?.id,
    provider: provider?.id,
    message: (data.sendEmail ?? data.cancelMessage ?? data.retryMessage)?.message?.id,
  };
  const gone = data.delete?.deletedId && data.delete.deletedId === known.config;
  known = { ...known, ...Object.fromEntries(Object.entries(found).filter(([, id]) => id)) };
  if (gone) known = { ...known, config: undefined };
  listeners.forEach((listener) => listener());
};
