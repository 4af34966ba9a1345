import { Link } from "../parts/link.tsx";

export function UnknownView() {
  return (
    <>
      <h1 tabIndex={-1}>There is nothing at this address</h1>
      <p>
        <Link href="/">To the overview</Link>
      </p>
    </>
  );
}
