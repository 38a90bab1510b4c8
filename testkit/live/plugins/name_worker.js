// Greets with the number of the process that serves, so that a test can tell the workers of a cluster apart.
exports.hook_connect = (next) => next(OK, `worker ${process.pid}`);
