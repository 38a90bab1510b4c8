// A name server that hides nothing: the resolver itself would escape such a name.
exports.hook_lookup_rdns = (next) => next(OK, 'a\x1b[31m\x07\t\u009b\u202eb.sender.example');
