/** The form to sign in or register; what the server refuses is said at the field it means. */
import { session, toProblem, type ProblemError, type Registration } from "@parley/contract";
import { Link, useLocation } from "@parley/router";
import { usePageTitle, useSession } from "@parley/ui";
import { Alert, Button, Form, Input } from "antd";
import type { Rule } from "antd/es/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";

type Mode = "login" | "register";

const SHORTEST_PASSWORD = 8;
const FIELDS = ["name", "email", "password"] as const;

/** What the form says about a failure, and which fields it marks. */
function useSubmit(mode: Mode) {
  const [form] = Form.useForm<Registration>();
  const [problem, setProblem] = useState<ProblemError | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (values: Registration) => {
    setBusy(true);
    setProblem(null);
    try {
      await (mode === "login" ? session.login(values) : session.register(values));
    } catch (error) {
      const failure = toProblem(error);
      const fields = FIELDS.flatMap((name) => {
        const errors = failure.fields.filter((entry) => entry.field.endsWith(name));
        return errors.length ? [{ name, errors: errors.map((entry) => entry.message) }] : [];
      });
      form.setFields(fields);
      if (fields.length === 0) setProblem(failure);
      setBusy(false);
    }
  };
  return { form, problem, busy, submit };
}

export function AccountForm({ mode, basename }: { mode: Mode; basename: string }) {
  const { t, i18n } = useTranslation("auth");
  const { form, problem, busy, submit } = useSubmit(mode);
  const state = useSession();
  const revoked = state.status === "signed-out" && state.revoked;
  const other = mode === "login" ? "register" : "login";
  usePageTitle(t(`${mode}.title`));
  const known = problem && i18n.exists(`problem.${problem.code}`, { ns: "auth" });
  return (
    <section className="auth-card" aria-labelledby="auth-title">
      <h1 id="auth-title">{t(`${mode}.title`)}</h1>
      <p className="auth-lead">{t(`${mode}.lead`)}</p>
      {revoked && !problem && (
        <Alert className="auth-problem" type="warning" showIcon role="status" title={t("revoked")} />
      )}
      {problem && (
        <Alert
          className="auth-problem"
          type="error"
          showIcon
          role="alert"
          title={known ? t(`problem.${problem.code}`) : problem.message || t("problem.other")}
        />
      )}
      <Form
        form={form}
        name="account"
        layout="vertical"
        requiredMark={false}
        validateTrigger="onBlur"
        onFinish={(values: Registration) => void submit(values)}
      >
        <AccountFields mode={mode} />
        <Button type="primary" htmlType="submit" size="large" block loading={busy}>
          {t(`${mode}.submit`)}
        </Button>
      </Form>
      <p className="auth-switch">
        {t(`${mode}.switch`)}{" "}
        <Link to={`${basename}/${other}`} state={useLocation().state}>
          {t(`${mode}.switchLink`)}
        </Link>
      </p>
    </section>
  );
}

function AccountFields({ mode }: { mode: Mode }) {
  const { t } = useTranslation("auth");
  const fresh = mode === "register";
  const length = { count: SHORTEST_PASSWORD };
  const passwordRules: Rule[] = [{ required: true, message: t("check.password") }];
  if (fresh)
    passwordRules.push({ min: SHORTEST_PASSWORD, message: t("check.passwordShort", length) });
  return (
    <>
      {fresh && (
        <Form.Item
          name="name"
          label={t("field.name")}
          rules={[{ required: true, whitespace: true, message: t("check.name") }]}
        >
          <Input size="large" autoComplete="name" maxLength={80} />
        </Form.Item>
      )}
      <Form.Item
        name="email"
        label={t("field.email")}
        rules={[
          { required: true, message: t("check.email") },
          { type: "email", message: t("check.emailShape") },
        ]}
      >
        <Input size="large" type="email" inputMode="email" autoComplete="username" />
      </Form.Item>
      <Form.Item
        name="password"
        label={t("field.password")}
        extra={fresh ? t("field.passwordHint", length) : undefined}
        rules={passwordRules}
      >
        <Input.Password
          size="large"
          maxLength={128}
          autoComplete={fresh ? "new-password" : "current-password"}
        />
      </Form.Item>
    </>
  );
}
