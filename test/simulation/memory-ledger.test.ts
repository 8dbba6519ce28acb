import { ledgerContract } from '../store/ledger-contract.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { MemoryStore } from './memory-store.ts';

const call = async <T>(_label: string, work: () => T): Promise<T> => work();

ledgerContract('MemoryLedger', () => {
  const ledger = new MemoryLedger(new MemoryStore(), { call, isOpen: true });
  return Promise.resolve({ ledger, close: () => Promise.resolve() });
});
