/** What the bundler makes importable beside code. */
declare module "*.css";
