/** A link within the page. It is an ordinary link for everything but a plain click. */
import type { ComponentChildren, PartialAnchorHTMLAttributes } from "preact";
import { navigate } from "../routes.ts";

export interface LinkProps extends Omit<PartialAnchorHTMLAttributes<HTMLAnchorElement>, "role"> {
  href: string;
  children: ComponentChildren;
}

export function Link({ href, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a {...rest} href={href} onClick={follow}>
      {children}
    </a>
  );
}
