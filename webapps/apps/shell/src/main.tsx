/** The asynchronous border shared modules need: nothing may import React before it. */
void import("./bootstrap");
