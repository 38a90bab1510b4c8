/** A log that keeps what it is told: the level and the text of each line. */
export class Said {
  readonly lines: string[] = [];
  private readonly say =
    (level: string) =>
    (...lines: readonly string[]) =>
      void this.lines.push(`${level} ${lines.join('\n')}`);
  readonly log = {
    loginfo: this.say('info'),
    lognotice: this.say('notice'),
    logwarn: this.say('warn'),
    logerror: this.say('error'),
  };

  saying(text: string): number {
    return this.lines.filter((line) => line.includes(text)).length;
  }
}
