import { appConfig } from "../../rsbuild.base.mjs";

export default appConfig({ name: "auth" });
