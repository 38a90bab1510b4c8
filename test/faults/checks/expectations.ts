/**
 * What each class of traffic may be told, now and while a fault lasts. The types keep one promise already: nothing that
 * a fault changes can make a forbidden recipient acceptable.
 */

export type Outcome = 'accepted' | 'refused' | 'deferred';

/** Mail that the site takes. */
export const permittedClasses = [
  'trusted-address',
  'trusted-name',
  'backup',
  'verified',
  'mapped',
  'local',
  'trusted-local',
] as const;
/** Of these, what Haraka sends on, and keeps in its queue until then. */
export const onwardClasses = ['trusted-address', 'trusted-name', 'backup', 'verified', 'mapped'] as const;
/** Of these, what is delivered here, whoever sends it. */
export const localClasses = ['local', 'trusted-local'] as const;
/** Recipients that nobody may have, whatever happens. */
export const forbiddenClasses = ['plain-relay', 'excluded', 'over-limit', 'forged-name', 'routed', 'order'] as const;
/** Clients in `host.deny`, with a recipient that anybody else may have: they depend on that list alone. */
export const deniedClasses = ['denied'] as const;
/** Recipients that the primary of their domain does not know: accepted where it cannot be asked. */
export const unknownClasses = ['unknown-user'] as const;

export type PermittedClass = (typeof permittedClasses)[number];
export type ForbiddenClass = (typeof forbiddenClasses)[number];
export type DeniedClass = (typeof deniedClasses)[number];
export type UnknownClass = (typeof unknownClasses)[number];
export type ClassName = PermittedClass | ForbiddenClass | DeniedClass | UnknownClass;

export const classNames: readonly ClassName[] = [
  ...permittedClasses,
  ...forbiddenClasses,
  ...deniedClasses,
  ...unknownClasses,
];

/** What a fault changes while it lasts; classes that are not named are told what they always are. */
export type Changes = Readonly<
  Partial<Record<PermittedClass | DeniedClass | UnknownClass, readonly Outcome[]>> &
    Partial<Record<ForbiddenClass, readonly Exclude<Outcome, 'accepted'>[]>>
>;

type Phase = Readonly<Record<ClassName, ReadonlySet<Outcome>>>;

const usual: Phase = phaseOf((name) => {
  if (name === 'over-limit') return ['deferred'];
  return [(permittedClasses as readonly string[]).includes(name) ? 'accepted' : 'refused'];
});

function phaseOf(told: (name: ClassName) => Iterable<Outcome>): Phase {
  const entries = classNames.map((name) => [name, new Set(told(name))] as const);
  return Object.fromEntries(entries) as unknown as Phase;
}

/** Sessions overlap the edges of a fault, so each is judged by every phase that it has seen. */
export class Expectations {
  readonly #phases: Phase[] = [usual];

  /** The phase that begins now, for `allowed`. */
  get now(): number {
    return this.#phases.length - 1;
  }

  /** As ever, or as the fault has it, or either. */
  enter(when: 'usual' | 'changing' | 'lasting', changes: Changes): void {
    const changed = (name: ClassName): Iterable<Outcome> => changes[name] ?? usual[name];
    const told = {
      usual: (name: ClassName) => usual[name],
      lasting: changed,
      changing: (name: ClassName) => [...usual[name], ...changed(name)],
    };
    this.#phases.push(phaseOf(told[when]));
  }

  /** What a class may have been told in a session that began in the given phase and ends now. */
  allowed(name: ClassName, since: number): ReadonlySet<Outcome> {
    return new Set(this.#phases.slice(since).flatMap((phase) => [...phase[name]]));
  }
}

/** The same change for several classes. */
export function all(
  names: readonly (PermittedClass | DeniedClass | UnknownClass)[],
  told: readonly Outcome[],
): Changes {
  return Object.fromEntries(names.map((name) => [name, told]));
}

/** Whoever needs the client's name to be judged is put off when it cannot be looked up. */
export const nameless: Changes = {
  'trusted-name': ['accepted', 'deferred'],
  // Trust by name ends with the name.
  'trusted-local': ['accepted', 'deferred'],
  'plain-relay': ['refused', 'deferred'],
  excluded: ['refused', 'deferred'],
  'forged-name': ['refused', 'deferred'],
  routed: ['refused', 'deferred'],
  order: ['refused', 'deferred'],
};

/** Where connections break, everybody may have to come again, and no more. */
export const interrupted: Changes = {
  ...all(permittedClasses, ['accepted', 'deferred']),
  denied: ['refused', 'deferred'],
  'unknown-user': ['refused', 'deferred'],
  'plain-relay': ['refused', 'deferred'],
  excluded: ['refused', 'deferred'],
  'forged-name': ['refused', 'deferred'],
  routed: ['refused', 'deferred'],
  order: ['refused', 'deferred'],
};

/**
 * Without its lists the site can tell nobody whether he may relay; local mail goes on where `host.deny` has a file. Who was
 * trusted at connect is told to come again first.
 */
export const withoutLists: Changes = {
  ...all([...onwardClasses, 'unknown-user'], ['deferred']),
  'trusted-local': ['accepted', 'deferred'],
  'plain-relay': ['deferred'],
  excluded: ['deferred'],
  'forged-name': ['deferred'],
  routed: ['deferred'],
  order: ['deferred'],
};

/** Without a deny list either, nobody is let in. */
export const withoutAnyList: Changes = { ...withoutLists, ...all([...localClasses, 'denied'], ['deferred']) };

/** Lists that are there and empty permit nothing; who was trusted at connect is told to come again first. */
export const allRevoked: Changes = {
  ...all([...onwardClasses, 'unknown-user'], ['refused', 'deferred']),
  'over-limit': ['refused', 'deferred'],
  'trusted-local': ['accepted', 'deferred'],
};
