/** What a view shows of something read: the thing, that it is coming, why it is not, or that there is none. */
import type { ComponentChildren } from "preact";
import type { Resource } from "../api/resource.ts";

export interface ShownProps<Body> {
  resource: Resource<Body>;
  children(body: Body): ComponentChildren;
}

export function Shown<Body>({ resource: { body, refusal, isReading, read }, children }: ShownProps<Body>) {
  return (
    <>
      {refusal === null ? null : (
        <p class="told bad" role="alert">
          {body === null ? "This cannot be shown. " : "This could not be renewed; it shows how things were. "}
          {refusal.message} <button onClick={() => void read()}>Try again</button>
        </p>
      )}
      {body !== null ? children(body) : isReading ? <p class="empty">Loading …</p> : null}
    </>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
