/** What no output may hold: all that a terminal, a log or the reader's eye obeys. The line end is the output's own. */
export const obeyed = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
