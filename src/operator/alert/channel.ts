import type { AlertChannel } from '../../store/alerts.ts';
import type { Message } from './incident.ts';

/** What became of a message. */
export type Delivery =
  /** `message` where it can be edited and answered later. */
  | { kind: 'sent'; message: { chatId: string; id: string } | null }
  /** Nobody knows whether it arrived; it is not sent again. */
  | { kind: 'uncertain'; why: string }
  /** Proven: it did not arrive, and may be sent again. */
  | { kind: 'unsent'; why: string }
  /** The message to edit is not there any more. */
  | { kind: 'gone'; why: string };

/** Whoever is told. */
export interface Channel {
  name: AlertChannel;
  /** The setting, for people. */
  setting: string;
  /** Null where messages cannot be edited or answered. */
  chatId: string | null;
  /** What all its calls may take, in milliseconds. */
  longestMs: number;
  /** Waits until a call may be made. @returns why none may be made now; null where one may */
  ready(): Promise<string | null>;
  /** Makes the call, once. Never throws for what the receiver does. */
  deliver(message: Message): Promise<Delivery>;
  close(): void;
}
