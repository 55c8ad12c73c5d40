// The scorecard as a page. It asks GET /v1/scorecard with the key of the link (after #key=) or the one that was entered,
// draws what comes, and asks again every minute. The key is in no address that is sent: what follows # stays here.
import { date, goalCard, make, markerCard, withName } from './cards.js';
import { clearCharts, fitCharts } from './chart.js';

const everyMs = 60_000;
const kept = 'milemarker-key';
const byId = (id) => document.getElementById(id);
const unit = new URLSearchParams(location.search).get('unit');

function show(card) {
  clearCharts();
  const place = card.unit === null ? '' : ` · ${card.unit.name}`;
  byId('title').textContent = `Scorecard${place}`;
  document.title = `Scorecard${place}`;
  byId('vision').textContent = card.vision?.statement ?? '';
  byId('vision').hidden = card.vision === null;
  byId('day').textContent = date(card.today);
  byId('reads-as').textContent = card.reads_as.split(' First: ')[0];
  const first = card.attention.slice(0, 6).map((one) => make('li', '', ...withName(one)));
  if (card.attention.length > 6) first.push(make('li', 'more', `and ${card.attention.length - 6} more`));
  byId('attention').replaceChildren(...first);
  byId('attention-section').hidden = first.length === 0;
  const goals = card.goals.map((goal) => goalCard(goal, card.currency));
  const markers = card.mile_markers.map((marker) => markerCard(marker, card.currency));
  byId('goals').replaceChildren(...goals.map((one) => one.card));
  byId('markers').replaceChildren(...markers.map((one) => one.card));
  byId('goals-section').hidden = goals.length === 0;
  byId('markers-section').hidden = markers.length === 0;
  byId('ask').hidden = true;
  byId('card').hidden = false;
  // Only what is on the page has a size.
  for (const one of [...goals, ...markers]) one.draw();
}

const keyOf = () => new URLSearchParams(location.hash.slice(1)).get('key') ?? sessionStorage.getItem(kept);

function ask(why) {
  byId('card').hidden = true;
  byId('ask').hidden = false;
  if (why) byId('ask-why').textContent = why;
  byId('key').focus();
}

const time = () => new Date().toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
let shownAt = null;

function say(text, isTrouble = false) {
  byId('fresh').textContent = text;
  byId('fresh').className = isTrouble ? 'trouble' : '';
}

async function refresh() {
  const key = keyOf();
  if (key === null) return ask();
  try {
    const answer = await fetch(`v1/scorecard${unit === null ? '' : `?${new URLSearchParams({ unit })}`}`, {
      headers: { authorization: `Bearer ${key}` },
      cache: 'no-store',
    });
    const body = await answer.json();
    if (answer.status === 401 || answer.status === 403) {
      sessionStorage.removeItem(kept);
      return ask(body.detail);
    }
    if (!answer.ok) throw new Error(body.detail);
    show(body);
    shownAt = time();
    say(
      `As of ${shownAt}, refreshed every minute.${body.fresh.pending > 0 ? ' New facts are still being worked in.' : ''}`,
    );
  } catch (error) {
    byId('card').hidden = false;
    say(
      `${shownAt === null ? 'Not shown yet' : `As of ${shownAt}`}: ${error.message || 'the service cannot be reached'}. Trying again.`,
      true,
    );
  }
}

byId('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(kept, byId('key').value.trim());
  byId('key').value = '';
  void refresh();
});
byId('refresh').addEventListener('click', refresh);
addEventListener('hashchange', refresh);
addEventListener('resize', fitCharts);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh();
});
setInterval(refresh, everyMs);
void refresh();
