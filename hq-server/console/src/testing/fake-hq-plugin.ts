import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connect, Plugin } from 'vite';
import { FakeHq } from './fake-hq.ts';

/** The policy hq-server sends, so that the page is tried under it. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'";

/** Any token but this one is refused, to see the token screen. */
const FAKE_TOKEN = 'fake-token';

/** Serves the console API from memory to `vite dev` and `vite preview`, for development without an HQ. */
export function fakeHq(): Plugin {
  const hq = new FakeHq();
  const middleware: Connect.NextHandleFunction = (request, response, next) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    if (url.pathname === '/fake/scene') return setScene(hq, url, response);
    if (!url.pathname.startsWith('/api/v1')) return next();
    void answer(hq, request, url, response);
  };
  return {
    name: 'fake-hq',
    configureServer(server) {
      server.middlewares.use(middleware);
    },
    configurePreviewServer(server) {
      server.middlewares.use((_request, response, next) => {
        response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
        next();
      });
      server.middlewares.use(middleware);
    },
  };
}

/** `/fake/scene?name=empty` and the like choose what the fake shows next. */
function setScene(hq: FakeHq, url: URL, response: ServerResponse): void {
  hq.show(url.searchParams.get('name') ?? 'usual');
  response.end('ok');
}

async function answer(hq: FakeHq, request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
  if (hq.scene === 'down') {
    request.socket.destroy();
    return;
  }
  const bearer = request.headers.authorization;
  const body = await bodyOf(request);
  const { status, json } =
    bearer === `Bearer ${FAKE_TOKEN}`
      ? hq.answer(request.method ?? 'GET', url.pathname.slice('/api/v1'.length), body)
      : { status: 401, json: { code: 'unauthorized', detail: 'The token is unknown.', status: 401, result: false } };
  response.statusCode = status;
  response.setHeader('Content-Type', status < 400 ? 'application/json' : 'application/problem+json');
  response.end(JSON.stringify(json));
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
