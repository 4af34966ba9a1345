/** Putting waiting deliveries of events on their queue. */
import { deliveryJobs, deliveryLane, type DeliveryJobId } from "@punctual/core";
import { openJobProducer, type JobProducer, type JobProducerDeps, type Waiting } from "./job-producer.ts";

export type WaitingDelivery = DeliveryJobId & Waiting;
export type DeliveryProducer = JobProducer<DeliveryJobId, DeliveryJobId, WaitingDelivery>;

export function openDeliveryProducer(
  options: { redisUrl: string; prefix?: string },
  deps: JobProducerDeps<WaitingDelivery>,
): DeliveryProducer {
  return openJobProducer({ ...options, kind: deliveryJobs, lanes: [deliveryLane], laneOf: () => deliveryLane }, deps);
}
