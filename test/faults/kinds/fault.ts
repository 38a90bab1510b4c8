/** One fault as a record: what it does, what undoes it, and what it changes in what traffic may be told. */
import type { Changes } from '../checks/expectations';
import type { World, WorldOptions } from '../world';

export interface Fault {
  readonly name: string;
  /** Only in the long form. */
  readonly long?: boolean;
  readonly changes: Changes;
  /** What traffic may be told while the fault comes and goes, where that is more than either of both. */
  readonly meanwhile?: Changes;
  /** The lists have other entries meanwhile, which concern no client of the traffic. */
  readonly editsLists?: true;
  /** Whether all processes must live on although traffic may be told more meanwhile. */
  readonly sameProcesses?: true;
  /** A connection that the master has handed to a worker that is killed stays with the master: that is Node's. */
  readonly masterKeepsConnections?: true;
  /** Messages that the fault must leave in the queues; without any it has missed its point. */
  readonly mustLeave?: keyof typeof leavings;
  /** Why it cannot be done here, if it cannot. */
  impossible?(server: WorldOptions): string | undefined;
  /** Resolves when the fault is in force, in every process. */
  begin(world: World, form: Form): Promise<void>;
  /** Resolves when it is undone, in every process, and all is as ever. */
  end(world: World): Promise<void>;
}

/** Messages that may be queued although their clients were not told that they were accepted. */
export const leavings = {
  unheard: 'a message of a client that died before the reply',
  inPart: 'a local part of a message that was deferred',
} as const;

export interface Form {
  readonly short: boolean;
}

export async function nothing(): Promise<void> {
  // The fault has come and gone, or needs nothing of the kind.
}
