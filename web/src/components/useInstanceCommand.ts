// Start, stop, restart and delete, with the outcome told in a notification.
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useForgetInstances } from '../api/queries';
import { instances } from '../api/resources';
import { useNotify } from './useNotify';

export type Command = 'start' | 'stop' | 'restart' | 'delete';

async function perform(id: string, command: Command) {
  if (command !== 'delete') return instances.command(id, command);
  const { etag } = await instances.read(id);
  return instances.remove(id, etag);
}

export function useInstanceCommand(id: string, onDone?: (command: Command) => void) {
  const { t } = useTranslation();
  const notify = useNotify();
  const forget = useForgetInstances();
  return useMutation({
    mutationFn: (command: Command) => perform(id, command),
    onSuccess: (_, command) => {
      notify.done(t(`instance.did.${command}`, { id }));
      onDone?.(command);
    },
    onError: (error, command) => notify.failed(t(`instance.failed.${command}`, { id }), error),
    onSettled: forget,
  });
}
