/** The query of a request, held against what its route knows. */

/** What a client asked that cannot be answered; the reply is 400 with what would be right. */
export class BadRequest extends Error {
  constructor(
    message: string,
    readonly valid: Readonly<Record<string, readonly string[]>>,
  ) {
    super(message);
  }
}

/** A parameter: whether a value is one of its, and what values it has, in words or as a list. */
export interface Parameter {
  readonly valid: readonly string[];
  accepts(value: string): boolean;
  /** Only one value is taken. */
  readonly single?: true;
  readonly required?: true;
}

export function oneOf(values: readonly string[]): Parameter {
  return { valid: values, accepts: (value) => values.includes(value) };
}

export function described(description: string, accepts: Parameter['accepts']): Parameter {
  return { valid: [description], accepts };
}

/** A client may ask no more at once. */
const mostValues = 20;

/** The values of each parameter. Throws `BadRequest` for a name, a value or a number of values that is not known. */
export function readQuery<N extends string>(
  query: URLSearchParams,
  parameters: Readonly<Record<N, Parameter>>,
): Readonly<Record<N, readonly string[]>> {
  const names = Object.keys(parameters) as N[];
  for (const name of query.keys()) {
    if (!names.includes(name as N)) throw new BadRequest(`unknown parameter ${name}`, { parameters: names });
  }
  const read = names.map((name) => {
    const { valid, accepts, single, required } = parameters[name];
    const values = query.getAll(name);
    const bad = values.find((value) => !accepts(value));
    if (bad !== undefined) throw new BadRequest(`${name} has no value ${bad}`, { [name]: valid });
    if (required && values.length === 0) throw new BadRequest(`${name} is missing`, { [name]: valid });
    if (values.length > (single ? 1 : mostValues))
      throw new BadRequest(`${name} has too many values`, { [name]: valid });
    return [name, values] as const;
  });
  return Object.fromEntries(read) as unknown as Record<N, readonly string[]>;
}
