import type { SeenRegion } from './region.ts';

export const TITLE_MAX = 100;
export const TEXT_MAX = 4000;
const KEPT = 1000;

export interface Post {
  readonly author: string;
  readonly title: string;
  readonly text: string;
  readonly at: Date;
  /** Where the post was made from: fixed at that moment, it does not follow its author about. */
  readonly region: SeenRegion | null;
}

export interface Posts {
  add(post: Post): void;
  latest(count: number): readonly Post[];
  by(author: string, count: number): readonly Post[];
}

/** The newest 1,000 posts, in memory. */
export function createPosts(): Posts {
  const posts: Post[] = [];
  return {
    add(post) {
      posts.unshift(post);
      if (posts.length > KEPT) posts.pop();
    },
    latest: (count) => posts.slice(0, count),
    by: (author, count) => posts.filter((post) => post.author === author).slice(0, count),
  };
}
