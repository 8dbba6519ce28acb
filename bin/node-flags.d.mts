export const nodeFlags: readonly string[];
export function restartWithFlags(program: string, args: readonly string[]): void;
export function keepCompiledCode(): void;
