/** Runs this remote alone, without the shell, for development. */
void import("./standalone");
