import type { SourceFeed, ToldMessage } from '../../../src/collectors/feed.ts';

/** A feed that keeps what it is given; while `held` nothing of it is stored. */
export class RecordingFeed implements SourceFeed {
  readonly name = 'nat';
  readonly messages: ToldMessage[] = [];
  readonly losses: number[] = [];
  readonly rejections: string[] = [];
  readonly samples: string[] = [];
  #held: (() => void)[] | null = null;

  take(message: ToldMessage): Promise<boolean> {
    this.messages.push(message);
    const held = this.#held;
    return held === null ? Promise.resolve(true) : new Promise((resolve) => held.push(() => resolve(true)));
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const resolve of held) resolve();
  }

  lost(count: number): void {
    this.losses.push(count);
  }

  restarted(): void {
    throw new Error('Lines never tell of a restart.');
  }

  rejected(): void {
    throw new Error('Lines are ignored or unread.');
  }

  unread(reason: string, count: number, sample?: string): void {
    this.rejections.push(`${reason} ${count}`);
    if (sample !== undefined) this.samples.push(sample);
  }
}
