export const programSources: readonly string[];
export function listSources(repository: string, sources?: readonly string[]): string;
export const listName: string;
export function isMadeFrom(folder: string, list: string): boolean;
