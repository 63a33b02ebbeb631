// What can be done with an instance, asked again where something stops.
import { Button, Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import type { Instance } from '../api/types';
import { ConfirmModal } from './ConfirmModal';
import { Icon, type IconName } from './Icon';
import { useInstanceCommand, type Command } from './useInstanceCommand';

const ICONS: Record<Command, IconName> = { start: 'play', stop: 'stop', restart: 'restart', delete: 'trash' };

const isOff = ({ state }: Instance) => state === 'stopped' || state === 'faulted' || state === 'quarantined';

interface Props {
  instance: Instance;
  onDeleted?: () => void;
}

export function InstanceMenu({ instance, onDeleted }: Props) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Command | null>(null);
  const command = useInstanceCommand(instance.id, (done) => done === 'delete' && onDeleted?.());
  const commands: Command[] = isOff(instance) ? ['start', 'delete'] : ['restart', 'stop', 'delete'];

  function choose(chosen: Command) {
    if (chosen === 'start') command.mutate('start');
    else setAsked(chosen);
  }

  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button size="xs" variant="default" loading={command.isPending} rightSection={<Icon name="down" size={14} />}
            aria-label={t('instance.actionsFor', { id: instance.id })}>
            {t('instance.actions')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to={`/instances/${encodeURIComponent(instance.id)}/edit`} leftSection={<Icon name="edit" size={16} />}>
            {t('instance.edit')}
          </Menu.Item>
          {commands.map((each) => (
            <Menu.Item key={each} color={each === 'delete' ? 'red' : undefined} leftSection={<Icon name={ICONS[each]} size={16} />}
              onClick={() => choose(each)}>
              {t(`instance.command.${each}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Confirm id={instance.id} asked={asked} onClose={() => setAsked(null)} onConfirm={(sure) => command.mutate(sure)} />
    </>
  );
}

interface ConfirmProps {
  id: string;
  asked: Command | null;
  onClose: () => void;
  onConfirm: (command: Command) => void;
}

function Confirm({ id, asked, onClose, onConfirm }: ConfirmProps) {
  const { t } = useTranslation();
  // Kept while the dialog fades out.
  const [last, setLast] = useState<Command>('stop');
  if (asked && asked !== last) setLast(asked);
  const shown = asked ?? last;
  return (
    <ConfirmModal
      opened={asked !== null} title={t(`instance.confirm.${shown}.title` as 'instance.confirm.stop.title', { id })}
      confirm={t(`instance.command.${shown}`)} danger={shown === 'delete'} onCancel={onClose}
      onConfirm={() => {
        onConfirm(shown);
        onClose();
      }}
    >
      {t(`instance.confirm.${shown}.text` as 'instance.confirm.stop.text', { id })}
    </ConfirmModal>
  );
}
