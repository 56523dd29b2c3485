/** The part of the shared UI that brings antd along; remotes only. */
export { AppProviders } from "./app-providers";
