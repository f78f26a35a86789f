/** Bots whose tables stand where SCHEMA says, whatever the search path finds. */
import { testWorlds } from './matrix.ts';

testWorlds([
  { name: 'SCHEMA, and nothing in public', role: {}, schema: 'shop' },
  {
    name: 'SCHEMA, beside tables of the same names that no job may touch',
    role: {},
    schema: 'shop',
    tables: `
      create table public.tokens (token int); create table public.guides (id int); create table public.broadcasts (id int);
      create table public.pending_deletions (id int); create table public.broadcast_messages (id int)`,
  },
  {
    name: 'SCHEMA with capitals, blanks and letters of its own',
    role: {},
    schema: 'Kiosk & Söhne',
  },
  { name: 'SCHEMA, and a role that finds no schema at all', role: { search_path: 'nowhere' }, schema: 'shop' },
]);
