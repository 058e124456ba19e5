// What libraries of ours use in Node and guard, or do not call, in a browser.
declare function setImmediate(callback: () => void): unknown;
