/** What the reference page of a command must hold: an example that prints what it shows, every option, every field of JSON. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../examples/haraka-directory';
import { smtpcheck } from './command';

interface Block {
  readonly name: string;
  readonly text: string;
}

export class ReferencePage {
  private readonly text: string;
  readonly blocks: readonly Block[];

  constructor(readonly file: string) {
    this.text = fs.readFileSync(path.join(checkout, file), 'utf8');
    const blocks = this.text.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm);
    this.blocks = [...blocks].map(([, name = '', text = '']) => ({ name, text }));
  }

  /** The first console block prints what it shows. */
  async assertExample(cwd: string): Promise<void> {
    const session = this.blocks.find(({ name }) => name === 'console');
    const [command = '', ...printed] = session?.text.split('\n') ?? [];
    const { stdout } = await smtpcheck(command.slice('$ smtpcheck '.length).split(' '), { cwd });
    assert.equal(stdout, printed.join('\n'));
  }

  async assertOptions(command: string): Promise<void> {
    const { stdout: help } = await smtpcheck([command, '--help']);
    for (const [, option = ''] of help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)) {
      if (option !== '--help') assert.ok(this.text.includes(option), option);
    }
  }

  /** One of the forms in which the page may have a name. */
  assertNames(forms: readonly string[]): void {
    assert.ok(
      forms.some((form) => this.text.includes(`\`${form}\``)),
      forms.join(' or '),
    );
  }

  assertFields(json: object): void {
    for (const field of Object.keys(json)) assert.ok(this.text.includes(`\`${field}\``), field);
  }
}
