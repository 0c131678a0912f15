/**
 * `/live.js`, the pages' one script: new posts appear as they are made. It makes text nodes only, so what a post holds
 * stays text. The WebSocket comes first; where it does not open (a proxy in between that knows none), Server-Sent
 * Events do the same.
 */
export const LIVE_SCRIPT = `'use strict';
(() => {
  const list = document.getElementById('posts');
  if (list === null) return;
  const shown = 50;
  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className !== '') made.className = className;
    made.textContent = text;
    return made;
  };
  const show = (text) => {
    const post = JSON.parse(text);
    const article = document.createElement('article');
    const meta = element('p', 'meta', '');
    const author = element('a', '', post.author);
    author.href = '/u/' + encodeURIComponent(post.author);
    const time = element('time', '', post.at.slice(0, 16).replace('T', ' ') + ' UTC');
    time.dateTime = post.at;
    meta.append(author, ' \\u00b7 ', time);
    if (post.region !== null) meta.append(' \\u00b7 ' + post.region);
    article.append(element('h2', '', post.title), element('p', 'text', post.text), meta);
    const none = document.getElementById('no-posts');
    if (none !== null) none.remove();
    list.prepend(article);
    while (list.children.length > shown) list.lastElementChild.remove();
  };
  const way = (name) => {
    document.documentElement.dataset.live = name;
  };
  const stream = () => {
    const events = new EventSource('/events');
    events.onopen = () => way('events');
    events.onmessage = (event) => show(event.data);
  };
  const open = (wait) => {
    const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
    const socket = new WebSocket(scheme + location.host + '/live');
    let opened = false;
    socket.onopen = () => {
      opened = true;
      way('socket');
    };
    socket.onmessage = (event) => show(event.data);
    socket.onclose = () => {
      way('none');
      if (opened) setTimeout(open, wait, Math.min(wait * 2, 30000));
      else stream();
    };
  };
  open(1000);
})();
`;
