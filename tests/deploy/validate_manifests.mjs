// Reads a JSON array of Kubernetes objects from standard input and prints what the API's schemas say against them.
import { readFileSync } from 'node:fs';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';

const kinds = { ConfigMap, Deployment, NetworkPolicy, PersistentVolumeClaim, ScaledObject, Secret, Service };
for (const object of JSON.parse(readFileSync(0, 'utf8'))) {
  const Kind = kinds[object.kind];
  const name = `${object.kind}/${object.metadata?.name}`;
  try {
    if (!Kind) throw new Error('a kind that this test does not know');
    if (Kind.apiVersion && object.apiVersion !== Kind.apiVersion) throw new Error(`apiVersion ${object.apiVersion}`);
    new Kind(object).validate();
  } catch (error) {
    console.log(`${name}: ${error.message}`);
  }
}
