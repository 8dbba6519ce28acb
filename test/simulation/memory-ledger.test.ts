import { ledgerContract } from '../store/ledger-contract.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { MemoryStore } from './memory-store.ts';

ledgerContract('MemoryLedger', () => {
  const call = async <T>(_label: string, work: () => T): Promise<T> => work();
  return Promise.resolve({
    ledger: new MemoryLedger(new MemoryStore(), { call }),
    close: () => Promise.resolve(),
  });
});
