// What the workers use of WebAssembly: its types come with the DOM's library only, which this
// program has no other use for.
declare namespace WebAssembly {
  class Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
}
