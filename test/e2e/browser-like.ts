import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The client's own port of the connection that it came over. */
  readonly port: number;
  readonly at: Date;
}

/** A visitor with one kept-alive connection and cookies, who sends the forms that pages hold. */
export class Visitor {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #base: string;
  readonly #cookies = new Map<string, string>();

  constructor(base: string) {
    this.#base = base;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send('GET', path, '', headers);
  }

  /** Fetches `from` for its form token, then sends the form. */
  async submit(from: string, to: string, fields: Record<string, string>): Promise<Page> {
    const token = /name="token" value="([^"]+)"/.exec((await this.get(from)).body)?.[1] ?? '';
    return this.#send('POST', to, new URLSearchParams({ ...fields, token }).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
  }

  /** The values of the cookies that it holds. */
  cookies(): string[] {
    return [...this.#cookies.values()];
  }

  leave(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body: string, extra: Record<string, string>): Promise<Page> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = {
      ...extra,
      ...(cookie === '' ? {} : { cookie }),
      ...(method === 'POST' ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(
        new URL(path, this.#base),
        { agent: this.#agent, method, headers },
        (incoming) => {
          const port = incoming.socket.localPort ?? 0;
          for (const line of incoming.headers['set-cookie'] ?? []) {
            const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split('=', 2);
            if (value === '') this.#cookies.delete(name);
            else this.#cookies.set(name, value);
          }
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: Buffer.concat(chunks).toString('utf8'),
              port,
              at: new Date(),
            }),
          );
          incoming.on('error', reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}
