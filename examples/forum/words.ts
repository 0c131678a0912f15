import { html } from './html.ts';
import type { Markup } from './html.ts';

export type Language = 'zh' | 'en';

const WORDS = {
  forum: { zh: '社区论坛', en: 'Community forum' },
  login: { zh: '登录', en: 'Log in' },
  logout: { zh: '退出', en: 'Log out' },
  register: { zh: '注册', en: 'Register' },
  account: { zh: '账号', en: 'Account' },
  password: { zh: '密码', en: 'Password' },
  title: { zh: '标题', en: 'Title' },
  text: { zh: '内容', en: 'Text' },
  publish: { zh: '发布', en: 'Publish' },
  noPosts: { zh: '还没有帖子', en: 'No posts yet' },
  region: { zh: 'IP属地', en: 'IP region' },
  home: { zh: '首页', en: 'Home' },
  notFound: { zh: '没有这个页面', en: 'No such page' },
  error: { zh: '出错了', en: 'Something went wrong' },
  taken: { zh: '账号已被占用', en: 'This account name is taken' },
  full: { zh: '暂停注册', en: 'Registration is closed for now' },
  busy: { zh: '服务繁忙，请稍后再试', en: 'Busy, please try again in a moment' },
  wrongLogin: { zh: '账号或密码错误', en: 'Wrong account or password' },
  badName: { zh: '账号为 2 至 32 个小写字母、数字、_ 或 -', en: 'Account: 2 to 32 of a-z, 0-9, _ and -' },
  badPassword: { zh: '密码为 8 至 128 个字符', en: 'Password: 8 to 128 characters' },
  requestId: { zh: '请求编号', en: 'Request id' },
} as const satisfies Record<string, Readonly<Record<Language, string>>>;

export type Word = keyof typeof WORDS;

export function word(key: Word, language: Language): string {
  return WORDS[key][language];
}

/** A word in the page's language, with the other one small beneath it. */
export function bilingual(key: Word, language: Language): Markup {
  const other: Language = language === 'zh' ? 'en' : 'zh';
  return html`${WORDS[key][language]} <small lang="${other}">${WORDS[key][other]}</small>`;
}

/** `IP属地：广东` or `IP region: Guangdong`. */
export function regionLine(label: string, language: Language): string {
  return language === 'zh' ? `IP属地：${label}` : `IP region: ${label}`;
}
