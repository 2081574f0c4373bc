// Change the words and save: the page shows them without being loaded anew.
const words = 'It is';

const show = () => {
  document.querySelector('p').textContent = `${words} ${new Date().toLocaleTimeString()}.`;
};
show();
const timer = setInterval(show, 1000);

import.meta.hot?.accept();
import.meta.hot?.dispose(() => clearInterval(timer));
