// Runs inside the sandbox before the user's code. Its value is a function that gets the two ways
// out (`tell`, `read`) and returns what the host needs after the user's code has run.
// oxlint-disable-next-line no-unused-expressions -- the script's value is what the host takes
(function (tell, read) {
  'use strict';
  const { parse, stringify } = JSON;
  const text = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return `${String(value)}\n${String(value.stack)}`;
    try {
      return stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  };
  const at =
    (level) =>
    (...values) =>
      tell(level, values.map(text).join(' '), 0);
  const levels = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'warn' };
  globalThis.console = {};
  for (const name of Object.keys(levels)) globalThis.console[name] = at(levels[name]);

  globalThis.log = (message, level = 'info') => tell(level, text(message), 0);
  globalThis.progress = (fraction, message) => {
    tell('progress', message === undefined ? undefined : text(message), Number(fraction));
  };
  globalThis.readFile = (path) => {
    const content = read(String(path));
    if (content === undefined) throw new Error(`no file '${path}' among the step's files`);
    return content;
  };
  globalThis.RetryableError = class RetryableError extends Error {
    constructor(message, { retryAfter } = {}) {
      super(message);
      this.name = 'RetryableError';
      if (retryAfter !== undefined) this.retryAfter = retryAfter;
    }
  };
  globalThis.HardError = class HardError extends Error {
    constructor(message) {
      super(message);
      this.name = 'HardError';
    }
  };
  return { parse, stringify: (value) => stringify(value) ?? 'null' };
});
