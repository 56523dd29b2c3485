/** The rules of the web apps; what tsc already says is not said twice. */
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";
import tseslint from "typescript-eslint";

/** A remote may use the shared packages, never another app. */
const NO_OTHER_APP = {
  patterns: [
    {
      group: ["@parley/shell*", "@parley/auth*", "@parley/chat*"],
      message: "apps do not import each other",
    },
  ],
};

export default tseslint.config(
  { ignores: ["dist/", "**/node_modules/", "packages/contract/src/generated/"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [jsxA11y.flatConfigs.recommended, reactHooks.configs.flat["recommended-latest"]],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-restricted-imports": ["error", NO_OTHER_APP],
      "max-lines": ["error", { max: 400 }],
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: ["**/*.mjs"], languageOptions: { globals: globals.node } },
  {
    // A describe block is a list of tests, not a function to read in one go.
    files: ["**/test/**"],
    rules: { "max-lines-per-function": "off" },
  },
);
