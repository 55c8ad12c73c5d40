// The least that can answer the same questions: Fastify and a shared postgres.js pool, with nothing on.
import Fastify from 'fastify';
import postgres from 'postgres';

const sql = postgres(JSON.parse(process.env.BENCH_CONNECTION ?? '{}'));
const app = Fastify();

app.get<{ Params: { id: string } }>('/one/:id', async ({ params }) => {
  const [row] = await sql`select * from responses where id = ${params.id}`;
  return row;
});
app.get<{ Querystring: { after: string; limit: string } }>('/page', async ({ query }) => {
  const rows = await sql`select * from responses where id > ${query.after} order by id limit ${Number(query.limit)}`;
  return { next: rows.at(-1)?.id ?? null, data: rows };
});

console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
process.once('SIGTERM', async () => {
  await app.close();
  await sql.end();
});
