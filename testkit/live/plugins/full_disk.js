// No room on any disk, as far as this process can see.
require('node:fs/promises').statfs = async () => ({ bavail: 0, bsize: 4096 });
