import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

const muchBytes = 1024 * 1024;
const mostBytes = 32 * 1024 * 1024;
const mostMs = 2_000;
const lookEveryMs = 50;

const leavesMuch = ({ complete, headers }: IncomingMessage): boolean =>
  !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > muchBytes);

/**
 * Ends a request that is refused before its body was read. To hang up at once would reset the connection, and many
 * clients send to the end before they look at the answer: they would never see why. So what still comes is thrown away
 * while the answer is on its way, but at most 32 MiB and two seconds of it; then the connection is cut.
 */
export function dropUnreadBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  const { socket } = raw;
  // Fastify's parsers ask for the connection to be closed, which resets it while more is being sent.
  reply.removeHeader('connection');
  // A request that a test injects has no real socket.
  if (!leavesMuch(raw) || typeof socket.bytesRead !== 'number') return;
  raw.resume();
  const [end, before] = [Date.now() + mostMs, socket.bytesRead];
  const timer = setInterval(() => {
    if (!raw.complete && !socket.destroyed && Date.now() < end && socket.bytesRead - before < mostBytes) return;
    clearInterval(timer);
    if (!raw.complete) socket.destroy();
  }, lookEveryMs);
}
