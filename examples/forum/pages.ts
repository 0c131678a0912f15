import { PASSWORD_LENGTH } from './accounts.ts';
import type { RegionLabel } from './badge-client.ts';
import { html } from './html.ts';
import type { Markup } from './html.ts';
import { TEXT_MAX, TITLE_MAX } from './posts.ts';
import type { Post } from './posts.ts';
import type { Session } from './sessions.ts';
import { bilingual, regionLine, word } from './words.ts';
import type { Language, Word } from './words.ts';

/** What every page needs to know of the visitor. */
export interface View {
  readonly language: Language;
  readonly session: Session | null;
}

export const STYLE = `body{font-family:system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1rem;line-height:1.6}
header,article{border-bottom:1px solid #ccc;padding:.5rem 0}small,.meta{color:#595959}
header{display:flex;gap:1rem;align-items:center;flex-wrap:wrap}form.inline{display:inline}
label{display:block;margin:.5rem 0}input,textarea{display:block;width:100%;box-sizing:border-box;padding:.4rem;font:inherit}
button{font:inherit;padding:.4rem 1rem}.text{white-space:pre-wrap;overflow-wrap:anywhere}.error{color:#a40000}`;

function tokenField(session: Session): Markup {
  return html`<input type="hidden" name="token" value="${session.formToken}" />`;
}

function visitorLinks({ language, session }: View): Markup {
  if (session === null || session.account === null) {
    return html`<a href="/login">${bilingual('login', language)}</a>
      <a href="/register">${bilingual('register', language)}</a>`;
  }
  return html`<a href="/u/${session.account}">${session.account}</a>
    <form class="inline" method="post" action="/logout">
      ${tokenField(session)}<button>${bilingual('logout', language)}</button>
    </form>`;
}

function page(view: View, title: string, body: Markup): string {
  const { language } = view;
  return html`<!doctype html>
    <html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} - ${word('forum', language)}</title>
        <link rel="stylesheet" href="/forum.css" />
        <script src="/live.js" defer></script>
      </head>
      <body>
        <header><a href="/">${bilingual('forum', language)}</a> ${visitorLinks(view)}</header>
        <main>${body}</main>
      </body>
    </html>`.text;
}

function postArticle(post: Post, language: Language): Markup {
  const region = post.region === null ? '' : ` · ${regionLine(post.region.label, language)}`;
  return html`<article>
    <h2>${post.title}</h2>
    <p class="text">${post.text}</p>
    <p class="meta">
      <a href="/u/${post.author}">${post.author}</a> ·
      <time datetime="${post.at.toISOString()}"
        >${post.at.toISOString().slice(0, 16).replace('T', ' ')} UTC</time
      >${region}
    </p>
  </article>`;
}

function postForm(session: Session, language: Language): Markup {
  return html`<form method="post" action="/posts">
    ${tokenField(session)}
    <label
      >${bilingual('title', language)}<input name="title" required maxlength="${String(TITLE_MAX)}"
    /></label>
    <label
      >${bilingual('text', language)}<textarea
        name="text"
        required
        rows="4"
        maxlength="${String(TEXT_MAX)}"
      ></textarea>
    </label>
    <button>${bilingual('publish', language)}</button>
  </form>`;
}

export function homePage(view: View, posts: readonly Post[]): string {
  const { language, session } = view;
  const form = session === null || session.account === null ? html`` : postForm(session, language);
  const list =
    posts.length === 0
      ? html`<p id="no-posts">${bilingual('noPosts', language)}</p>`
      : html`${posts.map((post) => postArticle(post, language))}`;
  return page(
    view,
    word('home', language),
    html`${form}
      <div id="posts">${list}</div>`,
  );
}

/** The log-in or registration form; `problem` says what was wrong with the last try. */
export function credentialsPage(
  view: View & { readonly session: Session },
  kind: 'login' | 'register',
  problem: Word | null,
): string {
  const { language, session } = view;
  const complaint =
    problem === null ? html`` : html`<p class="error" role="alert">${bilingual(problem, language)}</p>`;
  const { min, max } = PASSWORD_LENGTH;
  return page(
    view,
    word(kind, language),
    html`<h1>${bilingual(kind, language)}</h1>
      ${complaint}
      <form method="post" action="/${kind}">
        ${tokenField(session)}
        <label
          >${bilingual('account', language)}<input
            name="account"
            required
            pattern="[a-z0-9_\\-]{2,32}"
            autocomplete="username"
        /></label>
        <label
          >${bilingual('password', language)}<input
            name="password"
            type="password"
            required
            minlength="${String(min)}"
            maxlength="${String(max)}"
            autocomplete="${kind === 'login' ? 'current-password' : 'new-password'}"
        /></label>
        <button>${bilingual(kind, language)}</button>
      </form>`,
  );
}

/** A profile: the region in words when the gateway's control API gave them, and the gateway's picture always. */
export function profilePage(
  view: View,
  account: string,
  region: RegionLabel | null,
  posts: readonly Post[],
): string {
  const { language } = view;
  const other: Language = language === 'zh' ? 'en' : 'zh';
  const words =
    region === null
      ? html``
      : html`<p class="region">
          ${regionLine(region[language], language)}
          <small lang="${other}">${regionLine(region[other], other)}</small>
        </p>`;
  return page(
    view,
    account,
    html`<h1>${account}</h1>
      ${words}
      <p><img src="/.shudi/badge/${account}.svg" alt="${word('region', language)}" /></p>
      ${posts.map((post) => postArticle(post, language))}`,
  );
}

/** An error, with the request id by which the operator finds it again. */
export function errorPage(view: View, message: string, requestId: string | null): string {
  const { language } = view;
  const id =
    requestId === null
      ? html``
      : html`<p class="meta">${bilingual('requestId', language)} <code>${requestId}</code></p>`;
  return page(
    view,
    word('error', language),
    html`<p class="error" role="alert">${message}</p>
      ${id}`,
  );
}
