/** Turns every way a request can fail into one error with a code people and tests can rely on. */
import type { Problem } from "./rest";

export class ProblemError extends Error {
  readonly code: string;
  readonly status: number;
  readonly fields: { field: string; message: string }[];

  constructor(problem: Problem, status: number) {
    super(problem.detail ?? problem.title ?? problem.code);
    this.name = "ProblemError";
    this.code = problem.code;
    this.status = status;
    this.fields = problem.errors ?? [];
  }
}

/** Status 0 stands for "no answer at all": offline, refused or cut. */
export function unreachable(): ProblemError {
  return new ProblemError({ code: "unreachable" }, 0);
}

export async function problemFrom(response: Response): Promise<ProblemError> {
  try {
    const body = (await response.clone().json()) as Partial<Problem>;
    return new ProblemError(
      { ...body, code: body.code ?? `http_${response.status}` },
      response.status,
    );
  } catch {
    return new ProblemError({ code: `http_${response.status}` }, response.status);
  }
}

export function toProblem(error: unknown): ProblemError {
  return error instanceof ProblemError ? error : unreachable();
}
