// Runs inside the sandbox before the user's code. Its value is a function that gets the three ways
// out (`tell`, `read`, `write`) and returns what the host needs after the user's code has run.
// oxlint-disable-next-line no-unused-expressions -- the script's value is what the host takes
(function (tell, read, write) {
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
  globalThis.writeFile = (path, content) => {
    const isView = ArrayBuffer.isView(content);
    if (typeof content !== 'string' && !isView && !(content instanceof ArrayBuffer)) {
      throw new TypeError('writeFile takes text, an ArrayBuffer or a typed array');
    }
    const { buffer, byteOffset, byteLength } = isView ? content : {};
    const end = byteOffset + byteLength;
    const refusal = write(String(path), isView ? buffer.slice(byteOffset, end) : content);
    if (refusal !== undefined) throw new Error(refusal);
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
