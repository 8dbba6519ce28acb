import { openStore } from '../../src/store/open-store.ts';
import { freshDatabase } from '../services/postgres.ts';
import { ledgerContract } from './ledger-contract.ts';

ledgerContract('PostgresLedger', async () => openStore(await freshDatabase()));
