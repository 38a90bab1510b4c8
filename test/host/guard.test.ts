import assert from 'node:assert/strict';
import constants from 'haraka-constants';
import { answerWith, askInTurn, type Guarded, type Hook, type HookAnswer, noOpinion } from '../../src/host/guard';
import { reply } from '../../src/policy/decision';
import { until } from '../../testkit/until';

const refused: HookAnswer = { code: constants.denysoft, message: 'fault' };

interface Told {
  readonly answers: readonly HookAnswer[];
  readonly reports: readonly unknown[];
}

type Body = () => HookAnswer | Promise<HookAnswer>;

/** A call whose tasks are bodies. */
const call: Guarded<Body> = { limitOf: () => 100, ask: (body) => body(), onFault: () => refused, report: () => {} };

/** Runs bodies to their end: what `next` was called with, and what was reported. */
async function play(bodies: readonly Body[], limit = 100, next?: () => void): Promise<Told> {
  const answers: HookAnswer[] = [];
  const reports: unknown[] = [];
  askInTurn(
    { ...call, limitOf: () => limit, report: (_body, error) => reports.push(error) },
    bodies,
    (code, message) => {
      answers.push({ ...(code !== undefined && { code }), ...(message !== undefined && { message }) });
      next?.();
    },
  );
  await until('there is an answer', () => answers.length > 0);
  await new Promise((done) => setTimeout(done, 30));
  return { answers, reports };
}

const never = () => new Promise<HookAnswer>(() => {});
const late = (answer: () => Promise<HookAnswer>) => () =>
  new Promise<HookAnswer>((done) => setTimeout(() => done(answer()), 60));

describe('askInTurn', () => {
  const sound: readonly {
    readonly name: string;
    readonly body: Body;
    readonly answer: HookAnswer;
  }[] = [
    { name: 'passes on no opinion', body: () => noOpinion, answer: {} },
    {
      name: 'passes on an answer',
      body: () => ({ code: constants.ok, message: 'x' }),
      answer: { code: constants.ok, message: 'x' },
    },
    {
      name: 'passes on a promised answer',
      body: async () => ({ code: constants.deny }),
      answer: { code: constants.deny },
    },
  ];
  for (const { name, body, answer } of sound) {
    it(name, async () => assert.deepEqual(await play([body]), { answers: [answer], reports: [] }));
  }

  const faults: readonly {
    readonly name: string;
    readonly body: Body;
    readonly limit?: number;
    readonly reports?: number;
  }[] = [
    {
      name: 'a throw',
      body: () => {
        throw new Error('x');
      },
    },
    {
      name: 'a throw of nothing',
      body: () => {
        throw undefined;
      },
    },
    { name: 'a rejection', body: () => Promise.reject(new Error('x')) },
    { name: 'a rejection with nothing', body: () => Promise.reject() },
    { name: 'a hang', body: never, limit: 20 },
    { name: 'an answer that comes too late', body: late(async () => ({ code: constants.ok })), limit: 20 },
    { name: 'no answer at all', body: () => undefined as unknown as HookAnswer },
    { name: 'a promise of no answer', body: async () => undefined as unknown as HookAnswer },
  ];
  for (const { name, body, limit } of faults) {
    it(`answers ${name} once, with the refusal for faults, and reports it`, async () => {
      const { answers, reports } = await play([body], limit);
      assert.deepEqual(answers, [refused]);
      assert.equal(reports.length, 1);
    });
  }

  it('answers once when a hang ends in a rejection after all', async () => {
    const { answers } = await play([late(() => Promise.reject(new Error('x')))], 20);
    await new Promise((done) => setTimeout(done, 80));
    assert.deepEqual(answers, [refused]);
  });

  it('waits as long as it takes without a limit', async () => {
    const { answers } = await play([late(async () => ({ code: constants.ok }))], 0);
    assert.deepEqual(answers, [{ code: constants.ok }]);
  });

  it('answers even where nothing can be reported', async () => {
    for (const run of [
      () => {
        throw new Error('x');
      },
      () => Promise.reject(new Error('x')),
    ]) {
      const answers: (number | undefined)[] = [];
      const report = () => {
        throw new Error('no log');
      };
      askInTurn({ ...call, report }, [run], (code) => answers.push(code));
      await until('there is an answer', () => answers.length > 0);
      assert.deepEqual(answers, [constants.denysoft]);
    }
  });

  it('lets no throw of what comes next end the process', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    const before = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
    try {
      const { answers, reports } = await play([async () => noOpinion], 100, () => {
        throw new Error('next');
      });
      assert.deepEqual([answers.length, reports.map(String), unhandled], [1, ['Error: next'], []]);
    } finally {
      process.removeListener('unhandledRejection', note);
      for (const listener of before) process.on('unhandledRejection', listener);
    }
  });

  it('does not answer twice when what comes next throws at once', () => {
    let calls = 0;
    const next = () => {
      calls++;
      throw new Error('next');
    };
    assert.throws(() => askInTurn(call, [() => noOpinion], next), /next/);
    assert.equal(calls, 1);
  });
});

describe('askInTurn of several', () => {
  const refuse: Body = () => ({ code: constants.deny });
  const accept: Body = async () => ({ code: constants.ok });
  const pass: Body = () => noOpinion;
  const passLater: Body = async () => noOpinion;
  const rows: readonly [name: string, bodies: readonly Body[], answer: HookAnswer, asked: number][] = [
    ['takes the answer of the first that has one', [refuse, accept], { code: constants.deny }, 1],
    ['takes a promised answer of the first', [accept, refuse], { code: constants.ok }, 1],
    ['asks on where the first has no opinion', [pass, refuse, accept], { code: constants.deny }, 2],
    ['asks on where the first ends in no opinion', [passLater, passLater, accept], { code: constants.ok }, 3],
    ['has no opinion where nobody has one', [pass, passLater, pass], {}, 3],
  ];
  for (const [name, bodies, answer, asked] of rows) {
    it(name, async () => {
      const ran: Body[] = [];
      const noted = bodies.map((body) => () => {
        ran.push(body);
        return body();
      });
      assert.deepEqual(await play(noted), { answers: [answer], reports: [] });
      assert.deepEqual(ran, bodies.slice(0, asked));
    });
  }

  it('asks on after a fault that is answered with no opinion: a plugin that observes takes no other along', async () => {
    const throwing: Body = () => {
      throw new Error('x');
    };
    for (const first of [throwing, never, () => Promise.reject(new Error('x'))]) {
      const answers: (number | undefined)[] = [];
      const observing = { ...call, limit: 20, onFault: (body: Body) => (body === first ? noOpinion : refused) };
      askInTurn(observing, [first, refuse], (code) => answers.push(code));
      await until('there is an answer', () => answers.length > 0);
      assert.deepEqual(answers, [constants.deny]);
    }
  });
});

describe('answerWith', () => {
  const permanent = reply(550, '5.7.1', 'No');
  const temporary = reply(450, '4.7.1', 'Later');
  const { ok, deny, denysoft, denysoftdisconnect } = constants;
  const rows: readonly {
    readonly hooks: readonly Hook[];
    readonly permanent: readonly [number, string];
    readonly temporary: readonly [number, string];
  }[] = [
    {
      hooks: ['helo', 'mail', 'rcpt', 'rcpt_ok', 'data_post', 'queue'],
      permanent: [deny, '550 5.7.1 No'],
      temporary: [denysoft, '450 4.7.1 Later'],
    },
    { hooks: ['connect'], permanent: [deny, '554 5.7.1 No'], temporary: [denysoftdisconnect, '421 4.7.1 Later'] },
    { hooks: ['vrfy'], permanent: [ok, '550 5.7.1 No'], temporary: [ok, '450 4.7.1 Later'] },
    { hooks: ['unrecognized_command'], permanent: [deny, '550 5.7.1 No'], temporary: [deny, '450 4.7.1 Later'] },
    { hooks: ['get_mx'], permanent: [deny, 'No'], temporary: [denysoft, 'Later'] },
  ];
  const shown = ({ code, message }: HookAnswer) => {
    if (typeof message === 'string') return [code, message];
    const { code: replyCode, reply } = message as { code: number; reply: string };
    return [code, `${replyCode} ${reply}`];
  };
  for (const { hooks, permanent: forGood, temporary: forNow } of rows) {
    for (const hook of hooks) {
      it(`says ${forGood[1]} and ${forNow[1]} at ${hook}`, () => {
        assert.deepEqual(shown(answerWith(hook, permanent)), forGood);
        assert.deepEqual(shown(answerWith(hook, temporary)), forNow);
      });
    }
  }

  it('ends the connection with 421, as the reply says', () => {
    const closing = reply(421, '4.7.1', 'Bye');
    for (const hook of ['helo', 'mail', 'rcpt', 'rcpt_ok', 'data_post'] as const) {
      assert.deepEqual(shown(answerWith(hook, closing)), [denysoftdisconnect, '421 4.7.1 Bye']);
    }
  });

  it('says nothing at connect_init, where nobody listens', () => {
    assert.deepEqual(answerWith('connect_init', permanent), noOpinion);
  });
});
