/** Where the gateway's control API listens, and the site's token for it. */
export interface Control {
  readonly url: string;
  readonly token: string;
}

export interface RegionLabel {
  readonly zh: string;
  readonly en: string;
}

const TIMEOUT_MS = 1000;
const MAX_BYTES = 16 * 1024;
const LABEL_MAX = 60;
/** A slow control API must not pile up page views; beyond this the profile shows the picture alone. */
const MAX_IN_FLIGHT = 32;

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error('badge answer too long');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function isLabel(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LABEL_MAX;
}

function labelOf(document: unknown): RegionLabel | null {
  if (typeof document !== 'object' || document === null || !('label' in document)) return null;
  const { label } = document;
  if (typeof label !== 'object' || label === null || !('zh' in label) || !('en' in label)) return null;
  return isLabel(label.zh) && isLabel(label.en) ? { zh: label.zh, en: label.en } : null;
}

/** Asks the gateway for an account's region in words; null whenever that does not work out within a second. */
export function createBadgeClient(
  control: Control | undefined,
): (account: string) => Promise<RegionLabel | null> {
  let inFlight = 0;
  return async function labelFor(account) {
    if (control === undefined || inFlight >= MAX_IN_FLIGHT) return null;
    inFlight += 1;
    try {
      const url = new URL(`/v1/accounts/${encodeURIComponent(account)}/badge`, control.url);
      const response = await fetch(url, {
        headers: { authorization: `Bearer ${control.token}`, accept: 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.status === 200) return labelOf(JSON.parse(await boundedText(response)));
      await response.body?.cancel();
      return null;
    } catch {
      // The words are an extra: the picture beside them comes from the gateway itself.
      return null;
    } finally {
      inFlight -= 1;
    }
  };
}
