/** Remarks of the readers of CF's files. A RELAY_MAP is read as an access map, with the remarks of sendmail. */
import { notInForce, strangersRefused, stricter, unknownEffect, unlisted } from '../../wording';

export const cfRemarks = {
  'cf-unrestricted': strangersRefused('this makes an open relay.'),
  'cf-key': notInForce('a setting of CF that has no counterpart in the suite.'),
  'cf-shell': unknownEffect('shell code; only assignments are read.', 'write the resulting assignment into the file.'),
  'cf-variable': unlisted('uses {detail}, of which no earlier line says the value.', 'write the value in its place.'),
  'cf-trusted-in-spite': stricter(
    'a list counts who is found and not the value, so the source permits in spite of "{detail}"; excluded here, as its author meant.',
  ),
  'map-ends-list': stricter(
    '{detail} would permit before relay.map is asked; excluded from that list, so that this line decides.',
  ),
};
