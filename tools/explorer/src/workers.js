// Where Monaco finds its workers: files beside this one, never blobs, so that the page's policy
// can say worker-src 'self'. The build puts the names in the place of WORKERS.

const names = WORKERS;

globalThis.MonacoEnvironment = {
  // `monaco` in the browser's console reaches the editors.
  globalAPI: true,
  getWorker: (_id, label) => new Worker(new URL(names[label] ?? names.editor, import.meta.url)),
};
