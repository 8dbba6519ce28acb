export const nodeFlags: readonly string[];
export const nodeEnvironment: Readonly<Record<string, string>>;
export function restartWithFlags(program: string, args: readonly string[]): void;
export function keepCompiledCode(): void;
